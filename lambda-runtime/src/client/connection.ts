import { durationToMs } from '../duration.ts'
import { UsageError } from '../errors.ts'
import type {
  Connection,
  ConnectOptions,
  OutsideAwakeable,
  OutsideInvocation,
  OutsidePromise,
  OutsideSendOptions,
  RequestOptions,
  Resolver,
  Submitted,
} from '../types/client.ts'
import type { PromiseName } from '../types/promise-name.ts'
import { bodyOf, valueIn } from './bodies.ts'
import { Exchanger } from './exchange.ts'
import { clientOf, type Receiver, receiverOf } from './receivers.ts'

/**
 * Speaks to the ingress of an orchestrator at `url`. Nothing is opened before the first request.
 *
 * @example
 * const fermata = connect('http://localhost:8080')
 * const receipt = await fermata.call(checkout, { idempotencyKey: order.id }).process(order)
 * @throws TypeError when `url` is no URL
 */
export function connect(url: string, options: ConnectOptions = {}): Connection {
  const exchanger = new Exchanger(url, options)
  const attach = <T>(id: string, by: RequestOptions = {}): Promise<T> =>
    attachTo(exchanger, id, by) as Promise<T>
  const connection = {
    call: (...address: readonly unknown[]) => {
      const { to, options: by } = receiverOf<OutsideSendOptions>(address)
      return clientOf(to, (receiver, input) => call(exchanger, receiver, input, by))
    },
    send: (...address: readonly unknown[]) => {
      const { to, options: by } = receiverOf<OutsideSendOptions>(address)
      return clientOf(to, (receiver, input) => send(exchanger, receiver, input, by))
    },
    attach,
    awakeable: <T>(id: string): OutsideAwakeable<T> => {
      const path = `/awakeables/${segment(id)}`
      return {
        ...resolver(exchanger, path),
        heartbeat: (by) => tell(exchanger, `${path}/heartbeat`, undefined, by),
      }
    },
    promise: <T>(
      workflow: unknown,
      key: string,
      name: string | PromiseName<T>,
    ): OutsidePromise<T> => {
      const service = receiverOf([workflow, key]).to.service
      const path = `/workflows/${segment(service)}/${segment(key)}/promises/${segment(textOf(name))}`
      return { ...resolver<T>(exchanger, path), peek: (by) => peek<T>(exchanger, path, by) }
    },
    invocation: <T>(id: string): OutsideInvocation<T> => invocation<T>(exchanger, id),
  }
  // Its clients are proxies: what can be called is known to their types alone.
  return connection as unknown as Connection
}

async function call(
  exchanger: Exchanger,
  receiver: Receiver,
  input: unknown,
  options: OutsideSendOptions,
): Promise<unknown> {
  const exchange = submission(receiver, input, options, '')
  return await exchanger.ask(exchange, options, (answer) => valueIn(answer, receiver.serdes.output))
}

async function send(
  exchanger: Exchanger,
  receiver: Receiver,
  input: unknown,
  options: OutsideSendOptions,
): Promise<Submitted<unknown>> {
  const { delay } = options
  const query = delay === undefined ? '' : `?delay=${durationToMs(delay)}`
  const exchange = submission(receiver, input, options, `/send${query}`)
  const { invocationId, status } = await exchanger.ask(
    exchange,
    options,
    async (answer) => (await answer.json()) as Omit<Submitted<unknown>, 'attach'>,
  )
  const isOurs = options.idempotencyKey === undefined && receiver.handler !== 'run'
  return {
    invocationId,
    // With a key that nobody else can know, it was one of our own tries that came before.
    status: isOurs ? 'accepted' : status,
    attach: (by = {}) => attachTo(exchanger, invocationId, by, receiver),
  }
}

function submission(
  { service, key, handler, serdes }: Receiver,
  input: unknown,
  { headers, idempotencyKey }: OutsideSendOptions,
  end: string,
) {
  const place = key === undefined ? [service, handler] : [service, key, handler]
  return {
    method: 'POST',
    path: `/${place.map(segment).join('/')}${end}`,
    headers: { ...headers, 'idempotency-key': idempotencyKey ?? crypto.randomUUID() },
    body: bodyOf(input, serdes.input),
  } as const
}

function attachTo(
  exchanger: Exchanger,
  id: string,
  options: RequestOptions,
  receiver?: Receiver,
): Promise<unknown> {
  const exchange = { method: 'GET', path: `/invocations/${segment(id)}/attach` } as const
  return exchanger.ask(exchange, options, (answer) => valueIn(answer, receiver?.serdes.output))
}

function invocation<T>(exchanger: Exchanger, id: string): OutsideInvocation<T> {
  const path = `/invocations/${segment(id)}`
  return {
    invocationId: id,
    attach: (by = {}) => attachTo(exchanger, id, by) as Promise<T>,
    output: (by) => peek<T>(exchanger, `${path}/output`, by),
    signal: (name, value, by) =>
      tell(exchanger, `${path}/signals/${segment(textOf(name))}`, value, by),
    cancel: (by) => tell(exchanger, `${path}/cancel`, undefined, by),
  }
}

/** What there is by now. */
function peek<T>(
  exchanger: Exchanger,
  path: string,
  options: RequestOptions = {},
): Promise<{ readonly value: T } | undefined> {
  return exchanger.ask({ method: 'GET', path }, options, async (answer) =>
    answer.status === 202 ? undefined : { value: (await valueIn(answer)) as T },
  )
}

function resolver<T>(exchanger: Exchanger, path: string): Resolver<T> {
  return {
    resolve: (value, by) => tell(exchanger, `${path}/resolve`, value, by),
    reject: (why, by) => tell(exchanger, `${path}/reject`, { message: String(why) }, by),
  }
}

/** The key lets the orchestrator see that a second try is the same. */
async function tell(
  exchanger: Exchanger,
  path: string,
  value: unknown,
  options: RequestOptions = {},
): Promise<void> {
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const exchange = { method: 'POST', path, headers, body: bodyOf(value) } as const
  await exchanger.ask(exchange, options, async () => undefined)
}

/** One segment of a path. URLs take `.` and `..` for steps, however they are written. */
function segment(text: string): string {
  if (text !== '.' && text !== '..' && text !== '') return encodeURIComponent(text)
  throw new UsageError('option-invalid', `"${text}" cannot be a part of a URL's path`)
}

function textOf(name: string | PromiseName<unknown>): string {
  return typeof name === 'string' ? name : name.name
}
