import type { Order } from '../examples/orders/order.ts'
import type { FunctionStatistics } from '../test/emulator/statistics.ts'
import type { Kill } from './chaos.ts'
import type { InvocationFacts } from './orchestrators/journals.ts'
import type { Effect } from './outside-world/ledger.ts'
import type { ProducedOrder } from './produce.ts'

/** An order with all invocations that it led to; the first is `checkout`'s. */
export interface OrderHistory extends ProducedOrder {
  readonly invocations: readonly InvocationFacts[]
}

/** All that was seen of one run of the demo: what is reported, and what is checked. */
export interface Run {
  readonly orders: readonly Order[]
  readonly histories: readonly OrderHistory[]
  readonly effects: readonly Effect[]
  readonly outages: number
  readonly lostAnswers: number
  readonly approvals: number
  readonly functions: Readonly<Record<string, FunctionStatistics>>
  readonly kills: readonly Kill[]
  readonly lag: number
  readonly deadRecords: number
  readonly tookMs: number
}
