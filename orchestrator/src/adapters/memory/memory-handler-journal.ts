import type { InvokeRequest, Segment } from '@fermata/lambda-runtime/protocol'
import { keptUntil, type TableJournal } from '@fermata/lambda-runtime/table'
import type { JournalStore, ObjectStore } from '../../ports/index.ts'

/** A handler's way to its journal when it runs in the process of its store: in tests and simulations. */
export function createMemoryHandlerJournal(
  journals: JournalStore,
  request: InvokeRequest,
  objects?: Pick<ObjectStore, 'value'>,
): TableJournal {
  const born = request.journal[0]?.born ?? ''
  return {
    async append(segment: Segment) {
      const expires = keptUntil(request, segment)
      const { kind } = await journals.append(request.invocation, segment, expires)
      return kind
    },
    tail: (from) => journals.tail(request.invocation, born, from),
    async stateValue(name, slot) {
      const { service, key } = request.target
      return key === undefined ? undefined : objects?.value({ service, key }, { name, slot })
    },
  }
}
