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
      const taken = await take(some.map(sendOf)).catch(() => undefined)
      if (taken !== undefined) answer(line, taken)
      // Together they failed, and only some of them may be to blame.
      else for (const one of line.splice(0, some.length)) await takeAlone(one, take)
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

function sendOf({ send }: Waiting): CollectedSend {
  return send
}

function answer(line: Waiting[], taken: readonly Collected[]): void {
  for (const result of taken) line.shift()?.done.resolve(result)
}

async function takeAlone({ send, done }: Waiting, take: Take): Promise<void> {
  try {
    const [result = 'accepted'] = await take([send])
    done.resolve(result)
  } catch (error) {
    done.reject(error)
  }
}
