"""The endpoints that other local tools speak: OpenAI's, and llama-server's `/infill`.

Each is an adapter over the same `GenerateRequest`: a body becomes a request, the stream of events
becomes an answer.  What the engine cannot do is refused with one message; nothing is dropped in
silence.
"""
