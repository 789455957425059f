mod add_up;
mod books;
mod golden;
mod names;
