import { is } from 'valibot'
import { durationToMs } from '../duration.ts'
import { UsageError } from '../errors.ts'
import { type Collect, keySchema, type Target, workflowRunId } from '../protocol/index.ts'
import type { BatchOptions, DebounceOptions, SendOptions } from '../types/options.ts'

export type AnySendOptions = SendOptions | DebounceOptions | BatchOptions

/** How sends with these options are put together; `undefined`: each goes by itself. @throws UsageError */
export function resolveCollect(options: AnySendOptions): Collect | undefined {
  const { debounce, batch, delay } = options
  if (debounce === undefined && batch === undefined) return undefined
  if (debounce !== undefined && batch !== undefined) throw wrong('choose debounce or batch')
  if (delay !== undefined) throw wrong('delay does not go with debounce or batch: they wait anyway')
  return debounce === undefined ? batchOf(options) : debounceOf(options, debounce)
}

function debounceOf(
  { maxWait, collectKey }: AnySendOptions,
  debounce: NonNullable<DebounceOptions['debounce']>,
): Collect {
  return {
    how: 'debounce',
    waitMs: durationToMs(debounce),
    ...(maxWait !== undefined && { maxWaitMs: durationToMs(maxWait) }),
    ...keyOf(collectKey),
  }
}

function batchOf({ batch, collectKey }: AnySendOptions): Collect | undefined {
  if (batch === undefined) return undefined
  const { maxSize, maxWait } = batch
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > 1_000) {
    throw wrong('batch.maxSize must be a whole number from 1 to 1000')
  }
  return { how: 'batch', maxSize, waitMs: durationToMs(maxWait), ...keyOf(collectKey) }
}

function keyOf(key: string | undefined): { readonly key?: string } {
  if (key === undefined) return {}
  if (is(keySchema, key)) return { key }
  throw wrong('collectKey must be text of 1 to 512 bytes')
}

/** @throws UsageError where sends to the target cannot be put together so */
export function checkCollected(target: Target, { key }: Collect): void {
  if (workflowRunId(target) !== undefined) {
    throw wrong('a workflow runs once per key: sends to it cannot be put together')
  }
  if (target.key !== undefined && key !== undefined) {
    throw wrong(`${target.service} is keyed: its key is what sends are put together by`)
  }
}

function wrong(message: string): UsageError {
  return new UsageError('option-invalid', message)
}
