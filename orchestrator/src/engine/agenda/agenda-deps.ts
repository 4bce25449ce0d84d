import type {
  AgendaEntry,
  AgendaKind,
  AgendaStore,
  Clock,
  FaultPoints,
  LeaseStore,
  Logger,
  Random,
} from '../../ports/index.ts'
import type { AgendaOptions } from './agenda-options.ts'
import type { Ticket } from './held.ts'

/** What a look at a subject came to. */
export type NudgeAnswer =
  /** Nothing more is to be done by way of this entry. */
  | { readonly kind: 'retire' }
  /** Look again at `dueAt` (epoch ms): the entry is named again, and only then given up. */
  | { readonly kind: 'again'; readonly dueAt: number; readonly agendaKind: AgendaKind }

export type AgendaDeps = {
  readonly agendaStore: AgendaStore
  readonly leaseStore: LeaseStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly faults: FaultPoints
  /** Fresh per start of the process. */
  readonly replicaId: string
  readonly options?: Partial<AgendaOptions>
  /**
   * Does what is due for the entry's subject. Idempotent; a rejection is tried again later. The entry's ticket
   * may be retired then or at any later time.
   */
  readonly nudge: (entry: AgendaEntry, ticket: Ticket) => Promise<NudgeAnswer>
}

/** The deps with everything resolved, as the parts of the agenda share them. */
export type AgendaContext = AgendaDeps & { readonly options: AgendaOptions }
