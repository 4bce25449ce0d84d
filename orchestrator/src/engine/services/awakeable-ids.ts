import {
  type InvocationId,
  ProtocolError,
  parseAwakeableId,
} from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'

/** @throws FermataError `awakeable-not-found` */
export function readAwakeableId(text: string): { invocation: InvocationId; op: number } {
  try {
    return parseAwakeableId(text)
  } catch (error) {
    if (error instanceof ProtocolError) throw unknownAwakeable(text)
    throw error
  }
}

export function unknownAwakeable(text: string): FermataError {
  return new FermataError(
    'awakeable-not-found',
    `There is no awakeable "${text}": the id is wrong, or its invocation has expired`,
  )
}
