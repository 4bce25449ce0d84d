import type { RequestState, StateCell } from '@fermata/lambda-runtime/protocol'
import { workflowRunId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { lazyCells, patchCells } from '../../domain/objects/cells.ts'
import { snapshot } from '../../domain/objects/head.ts'
import type { ObjectHead, ObjectRef } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import { refOf } from './finish-slot.ts'

/** More state than this, in bytes, does not go along with a request: large values are then read when they are asked for. */
const requestBytes = 256 * 1024
const maxTries = 8

/**
 * The state that an attempt is sent. A holder's is the one that its predecessors left, the same for all its attempts
 * (INV-7, trace 4): once its slot is over, there is none any more. A shared reader's is what there is now, with what the
 * holder has shown of its own.
 * @throws FermataError `internal` where a value is lost: waiting does not bring it back
 */
export async function requestState(
  deps: EngineDeps,
  state: InvocationState,
): Promise<RequestState | 'over' | undefined> {
  const ref = refOf(state)
  if (ref === undefined) return undefined
  const { slot = 0 } = state.created
  const isHolder = slot > 0
  for (let tries = 0; tries < maxTries; tries++) {
    const head = await deps.objects.head(ref)
    if (isHolder && (head?.done ?? 0) >= slot) return 'over'
    const cells = isHolder ? ownCells(head, state) : await shownCells(deps, head)
    const loaded = await load(deps, ref, cells)
    if (loaded !== undefined) return { access: isHolder ? 'exclusive' : 'shared', cells: loaded }
  }
  const message = `A value of ${ref.service}/${ref.key} is not there, though its head says so`
  throw new FermataError('internal', message)
}

/** A workflow begins with nothing. */
function ownCells(head: ObjectHead | undefined, { created }: InvocationState) {
  return workflowRunId(created.target) === undefined ? (head?.cells ?? []) : []
}

async function shownCells(
  { sessions }: EngineDeps,
  head: ObjectHead | undefined,
): Promise<readonly StateCell[]> {
  const shown = snapshot(head)
  if (shown.kind === 'cells') return shown.cells
  const { invocation, slot } = shown.live
  const holder = await sessions.use(invocation, (session) => session.refresh())
  const cells = head?.cells ?? []
  return holder?.created.slot === slot ? patchCells(cells, holder.patch) : cells
}

/** `undefined`: a value is gone, so the head has changed since it was read. */
async function load(
  { objects }: EngineDeps,
  ref: ObjectRef,
  cells: readonly StateCell[],
): Promise<StateCell[] | undefined> {
  const lazy = lazyCells(cells, requestBytes)
  const loaded = await Promise.all(
    cells.map(async (cell): Promise<StateCell | undefined> => {
      if (!('slot' in cell) || lazy.has(cell.name)) return cell
      const { name, slot } = cell
      const value = await objects.value(ref, { name, slot })
      return value === undefined ? undefined : { name, value }
    }),
  )
  const present = loaded.filter((cell) => cell !== undefined)
  return present.length === loaded.length ? present : undefined
}
