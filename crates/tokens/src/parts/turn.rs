//! Whose turn a message is.

use crate::node::Node;

/// Whether an item is a person's turn, not the result of a tool.
pub(super) fn asks(item: &Node<'_>) -> bool {
    let result = |block: &Node<'_>| block.str("type").is_some_and(|kind| kind.ends_with("tool_result"));
    item.str("role") == Some("user") && !item.get("content").is_some_and(|it| it.items().iter().any(result))
}
