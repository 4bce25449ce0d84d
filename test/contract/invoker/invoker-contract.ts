import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { InvokeOutcome, Invoker } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { requestFor } from './fixtures/requests.ts'

/** An invoker with functions behind it, and the means to spoil calls. */
export interface InvokerRig {
  readonly invoker: Invoker
  /** Runs `handler` of the scripted function. */
  readonly scripted: string
  /** The same code, with a timeout of a moment. */
  readonly impatient: string
  readonly stranger: string
  readonly broken: string
  readonly missing: string
  throttleNext(retryAfterSeconds: number | undefined): void
  dropNext(what: 'request' | 'reply'): void
  /** How often the scripted function was started for an invocation. */
  starts(): number
  /** Fulfilled when the scripted function has been started once. */
  running(): Promise<void>
  close(): Promise<void>
}

const never = new AbortController().signal

/** What the engine relies on, whatever runs the functions. */
export function invokerContract(name: string, createRig: () => Promise<InvokerRig>): void {
  const withRig: WithRig = async (test) => {
    const rig = await createRig()
    try {
      await test(rig)
    } finally {
      await rig.invoker.close()
      await rig.close()
    }
  }
  describe(`${name}: an invoke`, () => {
    endings(withRig)
    neverStarted(withRig)
    sizes(withRig)
  })
  describe(`${name}: discovery`, () => discovery(withRig))
}

type WithRig = (test: (rig: InvokerRig) => Promise<void>) => Promise<void>

function invoke(rig: InvokerRig, handler: string): Promise<InvokeOutcome> {
  return rig.invoker.invoke(rig.scripted, requestFor(handler), never)
}

function endings(withRig: WithRig): void {
  it('hands the request to the function and its reply back', () =>
    withRig(async (rig) => {
      const request = requestFor('complete')
      const outcome = await rig.invoker.invoke(rig.scripted, request, never)
      expect(outcome).toMatchObject({
        kind: 'replied',
        reply: {
          invocation: request.invocation,
          status: { kind: 'completed', value: { json: { got: 1 } } },
        },
      })
      expect(rig.starts()).toBe(1)
    }))

  it('tells what a function threw', () =>
    withRig(async (rig) => {
      expect(await invoke(rig, 'fail')).toMatchObject({
        kind: 'failed',
        failure: {
          code: 'function-failed',
          name: 'RangeError',
          message: 'out of stock',
          stack: expect.stringContaining('scripted-function'),
        },
      })
    }))

  it('survives a function that throws undefined', () =>
    withRig(async (rig) => {
      expect(await invoke(rig, 'failUndefined')).toMatchObject({
        kind: 'failed',
        failure: { code: 'function-failed', message: expect.any(String) },
      })
    }))

  it.each(['nonsense', 'nothing', 'foreignReply'])(
    'takes no reply for one that is none (%s)',
    (handler) =>
      withRig(async (rig) => {
        expect(await invoke(rig, handler)).toMatchObject({
          kind: 'failed',
          failure: { code: 'invalid-reply' },
        })
      }),
  )

  it('tells that the function ran into its timeout', () =>
    withRig(async (rig) => {
      const outcome = await rig.invoker.invoke(rig.impatient, requestFor('hang'), never)
      expect(outcome).toMatchObject({
        kind: 'failed',
        failure: { code: 'function-timed-out', message: expect.stringContaining('timed out') },
      })
    }))
}

function neverStarted(withRig: WithRig): void {
  it('that is throttled was not started, and knows when to come again', () =>
    withRig(async (rig) => {
      rig.throttleNext(3)
      expect(await invoke(rig, 'complete')).toEqual({ kind: 'throttled', retryAfterMs: 3_000 })
      rig.throttleNext(undefined)
      expect(await invoke(rig, 'complete')).toEqual({
        kind: 'throttled',
        retryAfterMs: undefined,
      })
      expect(rig.starts()).toBe(0)
    }))

  it('of a function that does not exist is rejected', () =>
    withRig(async (rig) => {
      const outcome = await rig.invoker.invoke(rig.missing, requestFor('complete'), never)
      expect(outcome).toMatchObject({
        kind: 'rejected',
        failure: { code: 'deployment-unreachable' },
      })
    }))

  it.each(['request', 'reply'] as const)('whose %s gets lost is lost, and not sent again', (what) =>
    withRig(async (rig) => {
      rig.dropNext(what)
      expect(await invoke(rig, 'complete')).toMatchObject({
        kind: 'lost',
        failure: { code: 'invoke-lost' },
      })
      expect(rig.starts()).toBe(what === 'request' ? 0 : 1)
    }),
  )

  it('that is given up while the function runs is lost', () =>
    withRig(async (rig) => {
      const abort = new AbortController()
      const outcome = rig.invoker.invoke(rig.scripted, requestFor('hang'), abort.signal)
      await rig.running()
      abort.abort()
      expect(await outcome).toMatchObject({ kind: 'lost', failure: { code: 'invoke-lost' } })
    }))
}

function sizes(withRig: WithRig): void {
  it('that is too large is not sent', () =>
    withRig(async (rig) => {
      const request = requestFor('complete', 6_291_456)
      expect(await rig.invoker.invoke(rig.scripted, request, never)).toEqual({
        kind: 'too-large',
      })
      expect(rig.starts()).toBe(0)
    }))

  it('may be as large as the transport carries', () =>
    withRig(async (rig) => {
      const rest = Buffer.byteLength(JSON.stringify(requestFor('complete')))
      const request = requestFor('complete', 6_291_456 - rest)
      const outcome = await rig.invoker.invoke(rig.scripted, request, never)
      expect(outcome.kind).toBe('replied')
    }))
}

function discovery(withRig: WithRig): void {
  it('asks the function what it serves', () =>
    withRig(async (rig) => {
      const manifest = await rig.invoker.discover(rig.scripted)
      expect(manifest.services).toEqual([
        {
          name: 'scripted',
          kind: 'service',
          handlers: [{ name: 'complete', mode: 'stateless' }],
        },
      ])
    }))

  it.each(['stranger', 'broken'] as const)('finds a %s function invalid', (which) =>
    withRig(async (rig) => {
      expect(await refusal(rig.invoker.discover(rig[which]))).toBe('deployment-invalid')
    }),
  )

  it('does not reach what does not exist', () =>
    withRig(async (rig) => {
      expect(await refusal(rig.invoker.discover(rig.missing))).toBe('deployment-unreachable')
    }))
}

async function refusal(discovery: Promise<unknown>): Promise<string> {
  const error = await discovery.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof FermataError ? error.code : String(error)
}
