import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { JournalSession, type SessionDeps } from './journal-session.ts'
import type { Watermark } from './segments.ts'

/** The journals that this replica works on right now, each once; forgotten when nobody uses them. */
export interface Sessions {
  use<T>(id: InvocationId, work: (session: JournalSession) => Promise<T>): Promise<T>
  /** The session, if somebody uses it now. */
  peek(id: InvocationId): JournalSession | undefined
}

/** How many watermarks are remembered of journals that nobody uses any more. */
const remembered = 20_000

export function createSessions(deps: SessionDeps): Sessions {
  const carried = new Map<InvocationId, Watermark>()
  const held = new Map<InvocationId, { readonly session: JournalSession; users: number }>()
  return {
    async use(id, work) {
      const entry = held.get(id) ?? { session: new JournalSession(deps, id), users: 0 }
      const known = held.has(id) ? undefined : carried.get(id)
      if (known !== undefined) entry.session.recall(known)
      held.set(id, entry)
      entry.users += 1
      try {
        return await work(entry.session)
      } finally {
        entry.users -= 1
        if (entry.users === 0) {
          held.delete(id)
          remember(carried, entry.session)
        }
      }
    },
    peek: (id) => held.get(id)?.session,
  }
}

/** Effects that are known to be carried out are not tried again only because the journal was put aside meanwhile. */
function remember(carried: Map<InvocationId, Watermark>, session: JournalSession): void {
  const { id, state, watermark } = session
  carried.delete(id)
  if (state?.phase.kind === 'closed' || watermark === undefined) return
  carried.set(id, watermark)
  if (carried.size <= remembered) return
  const [oldest] = carried.keys()
  if (oldest !== undefined) carried.delete(oldest)
}
