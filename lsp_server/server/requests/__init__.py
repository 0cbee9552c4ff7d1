"""One file per request or notification: take the parameters apart, call, convert the answer."""
