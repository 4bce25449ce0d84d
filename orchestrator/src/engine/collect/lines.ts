import type { CollectedSend } from '../../domain/collect/collector.ts'

export type Collected = 'accepted' | 'duplicate'
/** Takes some of the sends, the first ones, and says of each what came of it: at least of one. */
export type Take = (sends: readonly CollectedSend[]) => Promise<readonly Collected[]>

/** What comes for one name while something is under way for it waits, and goes together next. */
export interface Lines {
  add(name: string, send: CollectedSend, take: Take): Promise<Collected>
}

type Waiting = {
  readonly send: CollectedSend
  readonly done: PromiseWithResolvers<Collected>
}

const maxTogether = 100

export function createLines(): Lines {
  const lines = new Map<string, Waiting[]>()

  const work = async (name: string, line: Waiting[], take: Take) => {
    /** Of the first so many each goes by itself: together they failed, and only some of them may be to blame. */
    let alone = 0
    while (line.length > 0) {
      const some = line.slice(0, alone > 0 ? 1 : maxTogether)
      try {
        const results = await take(some.map(({ send }) => send))
        for (const result of results) line.shift()?.done.resolve(result)
        alone = Math.max(0, alone - results.length)
      } catch (error) {
        if (some.length === 1) line.shift()?.done.reject(error)
        alone = some.length === 1 ? Math.max(0, alone - 1) : some.length
      }
    }
    lines.delete(name)
  }

  return {
    add(name, send, take) {
      const done = Promise.withResolvers<Collected>()
      const line = lines.get(name)
      if (line !== undefined) {
        line.push({ send, done })
      } else {
        const begun: Waiting[] = [{ send, done }]
        lines.set(name, begun)
        void work(name, begun, take)
      }
      return done.promise
    },
  }
}
