// How fast bytes go, evened out over some seconds.

const memory = 4000 // milliseconds

export class Meter {
  private at = 0
  private sent = 0
  private speed: number | undefined

  /** Begins anew from so many bytes. */
  begin (sent: number, now: number): void {
    this.at = now
    this.sent = sent
    this.speed = undefined
  }

  /** Takes how many were sent by now, and gives bytes a second. */
  take (sent: number, now: number): number | undefined {
    const passed = now - this.at
    if (passed <= 0) return this.speed
    const speed = Math.max(0, sent - this.sent) / passed * 1000
    const weight = 1 - Math.exp(-passed / memory)
    this.speed = this.speed === undefined ? speed : this.speed + (speed - this.speed) * weight
    this.at = now
    this.sent = sent
    return this.speed
  }
}

/** Seconds until the rest is sent; undefined where that can't be told. */
export function timeLeft (rest: number, speed: number | undefined): number | undefined {
  return speed === undefined || speed < 1 ? undefined : Math.ceil(rest / speed)
}
