// So many at once, and the others in line.

export class Slots {
  private readonly line: Array<() => void> = []

  constructor (private free: number) {}

  /** Waits for a place; what it gives lets go of it, once. */
  async take (signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.free > 0) this.free--
    else await this.wait(signal)
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.line.shift()
      if (next === undefined) this.free++
      else next()
    }
  }

  private async wait (signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        const at = this.line.indexOf(turn)
        if (at < 0) return
        this.line.splice(at, 1)
        reject(signal.reason)
      }
      const turn = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.line.push(turn)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
