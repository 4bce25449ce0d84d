import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'

export function notFound(id: InvocationId): FermataError {
  const message = `There is no invocation "${id}", or it has expired`
  return new FermataError('invocation-not-found', message)
}

export function closed(id: InvocationId): FermataError {
  return new FermataError('invocation-closed', `The invocation "${id}" has ended`)
}

export function notClosed(id: InvocationId, status: string): FermataError {
  const message = `The invocation "${id}" is ${status}: cancel or kill it, or wait for its end`
  return new FermataError('invocation-not-closed', message)
}

export function queued(id: InvocationId): FermataError {
  const message = `The invocation "${id}" waits for its key: cancel it, or pause it once it has begun`
  return new FermataError('invocation-queued', message)
}
