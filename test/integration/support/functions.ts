import { decodeInvokeReply } from '@fermata/lambda-runtime/protocol'
import type { LambdaEmulator } from '../../emulator/lambda-emulator.ts'
import type { HandlerServerUnderTest } from './handler-server.ts'

/** The two ways in which handlers are run, and tests with them. */
export const transports = ['lambda', 'http'] as const
export type Transport = (typeof transports)[number]

/** Handlers that run somewhere, and the means to trouble them there. */
export interface Functions {
  /** The body of `POST /deployments`. */
  readonly registration: object
  /** How calls ended that ended with a reply, in that order; whether or not anybody heard it. */
  readonly replies: readonly string[]
  invocations(): number
  /** Calls under way. */
  running(): number
  /** Ends what works, in mid-run; the next call finds another. */
  kill(): Promise<void>
  /** Stops what works in its tracks and cuts its connections: a zombie, once it is thawed. The next call finds another. */
  freeze(): Promise<void>
  thaw(): void
  loseNextReply(): void
  /** Counts from here. */
  reset(): void
}

/** A server can also be stopped, and be away. */
export interface FunctionsOnServer extends Functions {
  /** Gracefully. Answers the exit code. */
  stop(): Promise<number | null>
  boot(): Promise<void>
  /** Calls that came while there was no server. */
  refused(): number
}

export function functionsOnLambda(lambda: LambdaEmulator, name: string, arn: string): Functions {
  const replies: string[] = []
  lambda.events.on('invokeEnded', ({ outcome }) => {
    if (outcome.kind !== 'returned') return
    const reply: unknown = JSON.parse(outcome.payload)
    if (isReply(reply)) replies.push(decodeInvokeReply(reply).status.kind)
  })
  return {
    registration: { arn },
    replies,
    invocations: () => lambda.statistics(name).invocations,
    running: () => lambda.running(name).length,
    async kill() {
      lambda.kill(name)
    },
    async freeze() {
      lambda.freeze(name)
      lambda.disconnect(name)
    },
    thaw: () => void lambda.thaw(name),
    loseNextReply: () => lambda.injectFault(name, { kind: 'drop-reply' }),
    reset() {
      lambda.resetStatistics(name)
      replies.length = 0
    },
  }
}

export function functionsOnServer(server: HandlerServerUnderTest): FunctionsOnServer {
  const { gateway } = server
  let before = 0
  return {
    registration: { url: server.url },
    replies: gateway.replies,
    invocations: () => gateway.invocations() - before,
    running: () => gateway.running(),
    async kill() {
      await server.kill()
      await server.boot()
    },
    async freeze() {
      server.freeze()
      await server.boot()
      gateway.disconnect()
    },
    thaw: () => server.thaw(),
    loseNextReply: () => gateway.injectFault('drop-reply'),
    stop: () => server.stop(),
    boot: () => server.boot(),
    refused: () => gateway.refused(),
    reset() {
      before = gateway.invocations()
    },
  }
}

function isReply(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'status' in answer
}
