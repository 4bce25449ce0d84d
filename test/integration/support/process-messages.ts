import type { FaultPoint } from '@fermata/orchestrator/ports'

/** What a process under test is told to do when it comes by a fault point. */
export type PlannedFault = {
  readonly point: FaultPoint
  /** Only for subjects that contain this. */
  readonly subject?: string
  /** At the how-many-eth time: 1 by default. */
  readonly nth?: number
  /** `hold`: what passes there waits until the test releases it. `tell` only says that the point was reached. */
  readonly action: 'kill' | 'hold' | 'tell'
}

export type Meter = {
  /** Write units by family of items. */
  readonly units: Readonly<Record<string, number>>
  readonly requests: Readonly<Record<string, number>>
  /** Bytes sent to functions. */
  readonly sentBytes: number
  readonly agendaEntries: number
}

export type ToProcess =
  | { readonly kind: 'meter' }
  | { readonly kind: 'plan'; readonly faults: readonly PlannedFault[] }
  | { readonly kind: 'release' }

export type FromProcess =
  | { readonly kind: 'listening'; readonly ingressPort: number; readonly adminPort: number }
  | { readonly kind: 'meter'; readonly meter: Meter }
  | { readonly kind: 'planned' }
  | { readonly kind: 'reached'; readonly point: FaultPoint }
