"""A provider that says what it was sent, and is as strict about a request's form as the vendors are.

aimock hands its fixtures Anthropic requests in OpenAI's form, without images, schemas and the order of blocks; so what
has to arrive in those is looked at here. It speaks both dialects, not streamed.
"""

import base64
import hashlib
import http.server
import json

ANSWER = {"city": "Paris", "degrees": 18}
# The vendor knows its own signatures: this is aimock's.
SIGNATURE = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="


class Refused(Exception):
    """The request is not of the dialect's form."""


def require(condition, message):
    if not condition:
        raise Refused(message)


def picture(media_type, data):
    return f"image {media_type} {hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()[:12]}"


def openai(body):
    """What an OpenAI chat completion request holds, as words."""
    seen, schema = [], None
    for foreign in ("system", "stop_sequences", "thinking", "output_config", "top_k"):
        require(foreign not in body, f"Unrecognized request argument supplied: {foreign}")
    if body["model"].startswith("gpt-5"):
        require("max_tokens" not in body, "Unsupported parameter: 'max_tokens', use 'max_completion_tokens'")
        require(body.get("temperature", 1) == 1, "Unsupported value: 'temperature'")
    for message in body["messages"]:
        require(message["role"] in ("system", "developer", "user", "assistant", "tool"), f"role {message['role']}")
        content = message.get("content")
        for part in content if isinstance(content, list) else []:
            require("cache_control" not in part, "cache_control is not of this dialect")
            if part["type"] == "image_url":
                url = part["image_url"]["url"]
                if url.startswith("data:"):
                    media_type, _, data = url[5:].partition(";base64,")
                    seen.append(picture(media_type, data))
                else:
                    seen.append(f"image {url}")
    pending = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            require(message["tool_call_id"] in pending, "a tool message that answers no call")
            pending.discard(message["tool_call_id"])
            seen.append(f"result {text_of(message['content'])}")
        else:
            require(not pending, "calls without a tool message right after them")
            pending = {call["id"] for call in message.get("tool_calls") or []}
    require(not pending, "calls without a tool message right after them")
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        require(wanted["json_schema"].get("name"), "response_format.json_schema.name is missing")
        schema = wanted["json_schema"]["schema"]
    choice = body.get("tool_choice")
    if choice is not None:
        seen.append(f"choice {choice['function']['name'] if isinstance(choice, dict) else choice}")
    if body.get("reasoning_effort", "none") != "none":
        seen.append("thinks")
    if body.get("parallel_tool_calls") is False:
        seen.append("one call at a time")
    stop = body.get("stop")
    seen += [f"stop {word}" for word in ([stop] if isinstance(stop, str) else stop or [])]
    return seen, schema


def anthropic(body):
    """What an Anthropic Messages request holds, as words."""
    seen, schema = [], None
    require(isinstance(body.get("max_tokens"), int), "max_tokens: Field required")
    for foreign in ("response_format", "stop", "max_completion_tokens", "reasoning_effort", "n", "stream_options"):
        require(foreign not in body, f"{foreign}: Extra inputs are not permitted")
    messages = body["messages"]
    require(messages and messages[0]["role"] == "user", "messages: first message must use the user role")
    pending = set()
    for message in messages:
        require(message["role"] in ("user", "assistant"), f"messages: role {message['role']} is not allowed")
        content = message["content"]
        require(content, "messages: content must not be empty")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        require(len(set(results)) == len(results), "one call has two tool_result blocks")
        require(set(results) == pending, "each tool_use block must have a tool_result block in the next message")
        pending = {block["id"] for block in blocks if block["type"] == "tool_use"}
        for block in blocks:
            require(block["type"] != "text" or block["text"].strip(), "messages: text content blocks must not be empty")
            if block["type"] == "tool_use":
                require(isinstance(block["input"], dict), "tool_use.input: Input should be a valid dictionary")
            if block["type"] == "tool_result":
                seen.append(f"result {text_of(block.get('content', ''))}")
            inner = block["content"] if block["type"] == "tool_result" and isinstance(block["content"], list) else []
            for source in [part["source"] for part in [block, *inner] if part["type"] == "image"]:
                base64_ = source["type"] == "base64"
                seen.append(picture(source["media_type"], source["data"]) if base64_ else f"image {source['url']}")
            if block["type"] == "thinking":
                require(message["role"] == "assistant", "thinking blocks are the assistant's")
                require(block["signature"] == SIGNATURE, "Invalid `signature` in `thinking` block")
                seen.append(f"thought {block['thinking']}")
    require(not pending, "each tool_use block must have a tool_result block in the next message")
    for tool in body.get("tools") or []:
        require(tool.get("input_schema", {}).get("type") == "object", "tools.input_schema.type: Field required")
    wanted = (body.get("output_config") or {}).get("format")
    if wanted:
        require(wanted["type"] == "json_schema", f"output_config.format.type {wanted['type']}")
        schema = wanted["schema"]
        require(schema.get("additionalProperties") is False, "schema: additionalProperties must be false")
    choice = body.get("tool_choice") or {}
    if choice.get("disable_parallel_tool_use"):
        seen.append("one call at a time")
    elif choice:
        seen.append(f"choice {choice.get('name', choice['type'])}")
    thinking = body.get("thinking") or {"type": "disabled"}
    if thinking["type"] == "enabled":
        require(1024 <= thinking["budget_tokens"] < body["max_tokens"], "thinking.budget_tokens is out of bounds")
        require(body.get("temperature", 1) == 1, "temperature may only be set to 1 when thinking is enabled")
        require(choice.get("type", "auto") in ("auto", "none"), "tool_choice may not force a tool with thinking")
        loop = messages[-2]["content"] if pending_before(messages) else []
        require(not loop or loop[0]["type"].endswith("thinking"), "a tool loop must begin with a thinking block")
        seen.append("thinks")
    seen += [f"stop {word}" for word in body.get("stop_sequences") or []]
    return seen, schema


def pending_before(messages):
    """Whether the last turn answers calls of the turn before it."""
    content = messages[-1]["content"]
    return len(messages) > 1 and isinstance(content, list) and any(b["type"] == "tool_result" for b in content)


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def said(seen, schema):
    if schema is None:
        return "; ".join(seen) or "nothing special"
    names = sorted(schema["properties"])
    require(names == sorted(ANSWER), f"the schema names {names}")
    return json.dumps(ANSWER)


def forced(tools, choice):
    """The name of the tool that has to be called, if it takes the answer."""
    one = len(tools) == 1 and choice in ("any", "required")
    for name, schema in tools.items():
        if (one or choice == name) and sorted(schema["properties"]) == sorted(ANSWER):
            return name
    return None


def openai_answer(body):
    seen, schema = openai(body)
    tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools") or []}
    choice = body.get("tool_choice")
    name = forced(tools, choice["function"]["name"] if isinstance(choice, dict) else choice)
    message = {"role": "assistant", "content": None if name else said(seen, schema), "refusal": None}
    if name:
        function = {"name": name, "arguments": json.dumps(ANSWER)}
        message["tool_calls"] = [{"id": "call_witness", "type": "function", "function": function}]
    finish_reason = "tool_calls" if name else "stop"
    return {
        "id": "chatcmpl-witness",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "system_fingerprint": "fp_witness",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }


def anthropic_answer(body):
    seen, schema = anthropic(body)
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or []}
    choice = body.get("tool_choice") or {}
    name = forced(tools, choice.get("name", choice.get("type")))
    call = {"type": "tool_use", "id": "toolu_witness", "name": name, "input": ANSWER}
    return {
        "id": "msg_witness",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [call if name else {"type": "text", "text": said(seen, schema)}],
        "stop_reason": "tool_use" if name else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 3},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = openai_answer if self.path.endswith("/chat/completions") else anthropic_answer
        try:
            require(not body.get("stream"), "the witness does not stream")
            self.reply(200, answer(body))
        except (Refused, KeyError, TypeError, ValueError) as error:
            problem = {"type": "invalid_request_error", "message": f"the witness refuses: {error!r}"}
            self.reply(400, {"type": "error", "error": problem})

    def reply(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
