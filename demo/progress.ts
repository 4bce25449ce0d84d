import type { Order } from '../examples/orders/order.ts'
import { isDone } from './orders.ts'
import type { Ledger } from './outside-world/ledger.ts'
import type { SalesDesk } from './outside-world/sales-desk.ts'
import { functionNames, type Parts } from './parts.ts'
import { paint, seconds } from './terminal/style.ts'

export interface Progress {
  readonly orders: readonly Order[]
  readonly ledger: Ledger
  readonly desk: SalesDesk
  readonly parts: Parts
  /** On the monotonic clock. */
  readonly startedAt: number
}

const barWidth = 24

/** Where the orders are; what matters least comes last. */
export function progressLine({ orders, ledger, desk, parts, startedAt }: Progress): string {
  const done = orders.filter((order) => isDone(order, ledger)).length
  const filled = Math.floor((done / orders.length) * barWidth)
  const bar = paint('green', '█'.repeat(filled)) + paint('dim', '░'.repeat(barWidth - filled))
  const asked = ledger.count('approval request')
  const calls = functionNames.reduce(
    (sum, name) => sum + parts.emulator.statistics(name).invocations,
    0,
  )
  return [
    `${bar} ${done}/${orders.length} orders`,
    `charged ${ledger.count('charge')}`,
    `reserved ${ledger.count('reservation')}`,
    `awaiting approval ${asked - desk.decisions}`,
    `Lambda invocations ${calls}`,
    `running ${parts.emulator.running().length}`,
    seconds(performance.now() - startedAt),
  ].join(' · ')
}
