/** Work that stands in lines, by name: each begins when the one before it in its line has succeeded. */
export interface Lines {
  /** Fails, without having begun, when what stands before it fails: nothing overtakes it. */
  take(name: string, work: () => Promise<void>): Promise<void>
}

export function createLines(): Lines {
  const lasts = new Map<string, Promise<void>>()
  return {
    take(name, work) {
      const before = lasts.get(name)
      const turn = before === undefined ? work() : before.then(work)
      lasts.set(name, turn)
      const leave = () => {
        if (lasts.get(name) === turn) lasts.delete(name)
      }
      turn.then(leave, leave)
      return turn
    },
  }
}
