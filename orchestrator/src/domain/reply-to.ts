import {
  decodeInvokeReply,
  type Failure,
  type InvokeReply,
  type InvokeRequest,
  ProtocolError,
} from '@fermata/lambda-runtime/protocol'

type Checked =
  | { readonly kind: 'replied'; readonly reply: InvokeReply }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** Whether `answer` is a reply, and the one to this request. `said` quotes it where it is none. */
export function replyTo(
  { invocation, epoch }: Pick<InvokeRequest, 'invocation' | 'epoch'>,
  answer: unknown,
  said: string,
): Checked {
  try {
    const reply = decodeInvokeReply(answer)
    if (reply.invocation === invocation && reply.epoch === epoch) return { kind: 'replied', reply }
    return invalidReply(
      `It is the reply of ${reply.invocation} (epoch ${reply.epoch}), asked was ${invocation} (epoch ${epoch})`,
    )
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return invalidReply(`${error.message}; it said: ${said}`)
  }
}

export function invalidReply(message: string): { kind: 'failed'; failure: Failure } {
  return { kind: 'failed', failure: { code: 'invalid-reply', message } }
}
