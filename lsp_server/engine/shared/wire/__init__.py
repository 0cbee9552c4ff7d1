"""How the waist travels over a socket: messages, versions, who is at the other end."""
