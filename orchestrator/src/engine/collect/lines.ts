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
    while (line.length > 0) {
      const some = line.slice(0, maxTogether)
      try {
        const results = await take(some.map(({ send }) => send))
        for (const result of results) line.shift()?.done.resolve(result)
      } catch (error) {
        for (const { done } of line.splice(0, some.length)) done.reject(error)
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
