/** Decides whether a server that ended by itself is started again. */

const MAX_RESTARTS = 3;
const WINDOW_MS = 3 * 60_000;

export class RestartPolicy {
  private readonly restartsMs: number[] = [];

  /**
   * Counts a crash.
   *
   * @param nowMs Milliseconds of any clock that only goes forward.
   * @returns Whether to start again: three times in three minutes, not more.
   */
  tryRestart(nowMs: number): boolean {
    while (this.restartsMs.length > 0 && nowMs - (this.restartsMs[0] ?? nowMs) > WINDOW_MS) {
      this.restartsMs.shift();
    }
    if (this.restartsMs.length >= MAX_RESTARTS) {
      return false;
    }
    this.restartsMs.push(nowMs);
    return true;
  }
}
