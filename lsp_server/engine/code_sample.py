"""Source code on which the characters per token of a vocabulary are measured."""

from __future__ import annotations

#: Our own text, in the languages that the context layer knows.
CODE_SAMPLE = '''\
def read_settings(path: Path, defaults: Settings) -> Settings:
    """Return the settings of a file, or the defaults where it says nothing."""
    if not path.is_file():
        return defaults
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, value in sorted(values.items()):
        if name not in KNOWN_NAMES:
            raise ConfigError(f"{path}: unknown setting {name!r}")
        defaults = dataclasses.replace(defaults, **{name: value})
    return defaults


class LineCounter:
    def __init__(self, num_lines: int = 0) -> None:
        self._num_lines = num_lines
        self._listeners: list[Callable[[int], None]] = []

    def add(self, text: str) -> int:
        self._num_lines += text.count("\\n")
        for listener in self._listeners:
            listener(self._num_lines)
        return self._num_lines

export async function fetchUser(id: string, timeoutMs = 1000): Promise<User | undefined> {
  const response = await fetch(`${baseUrl}/users/${encodeURIComponent(id)}`, { timeoutMs });
  if (!response.ok) {
    throw new Error(`user ${id}: ${response.status}`);
  }
  return (await response.json()) as User;
}

func (s *Store) Get(key string) (value []byte, found bool) {
\ts.mutex.RLock()
\tdefer s.mutex.RUnlock()
\tvalue, found = s.items[key]
\treturn value, found
}

impl<T: Ord> SortedList<T> {
    pub fn insert(&mut self, item: T) -> usize {
        let index = self.items.partition_point(|other| other < &item);
        self.items.insert(index, item);
        index
    }
}
'''
