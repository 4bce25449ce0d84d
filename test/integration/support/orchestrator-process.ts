/** The orchestrator as production composes it, but for its fault points, which do what the test planned. */
import { compose, loadConfig, processEnvironment } from '@fermata/orchestrator'
import type { FaultPoints } from '@fermata/orchestrator/ports'
import type { FromProcess, PlannedFault, ToProcess } from './process-messages.ts'

const tell = (message: FromProcess) => process.send?.(message)
const { TEST_FAULTS: plan, ...environment } = processEnvironment()
const planned: PlannedFault[] = JSON.parse(plan ?? '[]')
const reached = new Map<PlannedFault, number>()
const units: Record<string, number> = {}
const requests: Record<string, number> = {}
let sentBytes = 0

const held: (() => void)[] = []

const faults: FaultPoints = {
  reach(point, subject) {
    for (const fault of planned) {
      if (fault.point !== point || !subject.includes(fault.subject ?? '')) continue
      const times = (reached.get(fault) ?? 0) + 1
      reached.set(fault, times)
      if (times === (fault.nth ?? 1)) return meet(fault)
    }
    return undefined
  },
}

function meet({ action, point }: PlannedFault): Promise<void> | undefined {
  tell({ kind: 'reached', point })
  if (action === 'tell') return undefined
  if (action === 'hold') return new Promise((resolve) => held.push(resolve))
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a moment to arrive: nothing happens after the point.
  return new Promise(() => undefined)
}

const config = loadConfig(environment)
const orchestrator = compose(
  config,
  { faults },
  {
    onWriteUnits({ family, units: spent }) {
      units[family] = (units[family] ?? 0) + spent
      requests[family] = (requests[family] ?? 0) + 1
    },
    onSent(bytes) {
      sentBytes += bytes
    },
  },
)

process.on('message', (message: ToProcess) => {
  switch (message.kind) {
    case 'meter':
      tell({ kind: 'meter', meter: { units, requests, sentBytes, agendaEntries: 0 } })
      break
    case 'plan':
      planned.push(...message.faults)
      tell({ kind: 'planned' })
      break
    case 'release':
      for (const release of held.splice(0)) release()
      break
    default:
      message satisfies never
  }
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => {
  orchestrator.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})

tell({ kind: 'listening', ...(await orchestrator.start()) })
