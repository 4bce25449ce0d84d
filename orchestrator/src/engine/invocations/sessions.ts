import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { JournalSession, type SessionDeps } from './journal-session.ts'

/** The journals that this replica works on right now, each once; forgotten when nobody uses them. */
export interface Sessions {
  use<T>(id: InvocationId, work: (session: JournalSession) => Promise<T>): Promise<T>
  /** The session, if somebody uses it now. */
  peek(id: InvocationId): JournalSession | undefined
}

export function createSessions(deps: SessionDeps): Sessions {
  const held = new Map<InvocationId, { readonly session: JournalSession; users: number }>()
  return {
    async use(id, work) {
      const entry = held.get(id) ?? { session: new JournalSession(deps, id), users: 0 }
      held.set(id, entry)
      entry.users += 1
      try {
        return await work(entry.session)
      } finally {
        entry.users -= 1
        if (entry.users === 0) held.delete(id)
      }
    },
    peek: (id) => held.get(id)?.session,
  }
}
