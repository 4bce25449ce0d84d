import { ProtocolError, parseAwakeableId, serviceOf } from '@fermata/lambda-runtime/protocol'
import type {
  Ingress,
  InvokeOutcome,
  Invoker,
  Payloads,
  Schedules,
  Submission,
} from '../../ports/index.ts'
import type { RecordAcceptor } from '../subscriptions/record-acceptor.ts'

/** The ingress, whose callers see values as they are, over one whose journals hold them packed. */
export function packedIngress(ingress: Ingress, payloads: Payloads): Ingress {
  return {
    submit: async (submission) => ingress.submit(await packed(submission, payloads)),
    collect: async (submission, how) => ingress.collect(await packed(submission, payloads), how),
    attach: async (id, signal) => payloads.openOutcome(await ingress.attach(id, signal)),
    async output(id) {
      const outcome = await ingress.output(id)
      return outcome === undefined ? undefined : payloads.openOutcome(outcome)
    },
    mediaOf: (of) => ingress.mediaOf(of),
    async completeAwakeable(id, outcome, key) {
      const service = serviceOfAwakeable(id)
      const packed = service === undefined ? outcome : await payloads.packOutcome(outcome, service)
      return ingress.completeAwakeable(id, packed, key)
    },
    async signal(id, signal) {
      const value = await payloads.pack(signal.value, { service: serviceOf(id) })
      return ingress.signal(id, { ...signal, value })
    },
    cancel: (id, reason) => ingress.cancel(id, reason),
    heartbeat: (awakeable) => ingress.heartbeat(awakeable),
    async completePromise(promise, outcome, key) {
      const packed = await payloads.packOutcome(outcome, promise.workflow)
      return ingress.completePromise(promise, packed, key)
    },
    async peekPromise(promise) {
      const outcome = await ingress.peekPromise(promise)
      return outcome === undefined ? undefined : payloads.openOutcome(outcome)
    },
  }
}

async function packed(submission: Submission, payloads: Payloads): Promise<Submission> {
  const { input, headers, target } = submission
  return {
    ...submission,
    input: await payloads.pack(input, target),
    headers: await payloads.packHeaders(headers),
  }
}

/** `undefined`: an id that names nothing. Whoever takes it says so. */
function serviceOfAwakeable(id: string): string | undefined {
  try {
    return serviceOf(parseAwakeableId(id).invocation)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** Records' values and headers are packed before their invocations are created. */
export function packedAcceptor(acceptor: RecordAcceptor, payloads: Payloads): RecordAcceptor {
  return {
    async accept(request, signal) {
      const { input, headers, target } = request
      const packed = {
        input: await payloads.pack(input, target),
        headers: await payloads.packHeaders(headers),
      }
      return acceptor.accept({ ...request, ...packed }, signal)
    },
  }
}

/** What a schedule starts its handler with is packed for as long as there is the schedule. */
export function packedSchedules(schedules: Schedules, payloads: Payloads): Schedules {
  return {
    list: () => schedules.list(),
    get: (name) => schedules.get(name),
    async put(name, request) {
      const place = { service: request.target.service, lasting: 'state' } as const
      return schedules.put(name, { ...request, input: await payloads.pack(request.input, place) })
    },
    remove: (name) => schedules.remove(name),
    pause: (name) => schedules.pause(name),
    resume: (name) => schedules.resume(name),
  }
}

/** What a function dies of may quote what it worked on: it is packed before it is written to a journal. */
export function packedInvoker(invoker: Invoker, payloads: Payloads): Invoker {
  if (!payloads.seals) return invoker
  return {
    invoke: async (address, request, signal) =>
      packedFailure(await invoker.invoke(address, request, signal), payloads),
    discover: (address) => invoker.discover(address),
    close: () => invoker.close(),
  }
}

async function packedFailure(outcome: InvokeOutcome, payloads: Payloads): Promise<InvokeOutcome> {
  return 'failure' in outcome
    ? { ...outcome, failure: await payloads.packFailure(outcome.failure) }
    : outcome
}
