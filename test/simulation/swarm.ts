import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FaultKind } from './fault-kinds.ts'

/** What a worker tells of a seed. */
export type Played = {
  readonly seed: number
  readonly simulatedMs: number
  readonly violations: readonly string[]
  readonly stories: readonly string[]
  readonly faults: readonly {
    readonly kind: FaultKind
    readonly where: string
    readonly after: string
  }[]
}

/** What a worker is asked. */
export type Asked = { readonly seed: number }

export type Swarm = {
  readonly from: number
  readonly seeds: number
  readonly workers: number
  readonly onPlayed: (played: Played) => void
  /** Asked before each: whether it is enough. */
  readonly isEnough?: () => boolean
  /** A planted bug, by name. */
  readonly mutant?: string | undefined
  /** A seed that takes longer hangs: it has failed, and its worker is ended. Ms of real time. */
  readonly patienceMs?: number
  /** What a worker runs. */
  readonly main?: URL
}

/** Whatever a play may leave in memory, a process is done after so many. */
const mostPlays = 5_000

/**
 * Plays seeds in processes of their own, side by side, each whenever one is free. One that dies or hangs has failed
 * with the seed that it was at; another takes its place.
 */
export async function playAll(swarm: Swarm): Promise<void> {
  const { from, seeds, workers } = swarm
  let next = from
  const take = (): number | undefined =>
    next < from + seeds && swarm.isEnough?.() !== true ? next++ : undefined
  const lanes = Array.from({ length: Math.min(workers, seeds) }, () => playLane(swarm, take))
  await Promise.all(lanes)
}

async function playLane(swarm: Swarm, take: () => number | undefined): Promise<void> {
  let worker = start(swarm)
  let plays = 0
  for (let seed = take(); seed !== undefined; seed = take()) {
    if (++plays % mostPlays === 0) {
      worker.kill('SIGKILL')
      worker = start(swarm)
    }
    const played = await playOne(worker, seed, swarm.patienceMs ?? 60_000)
    swarm.onPlayed(played)
    if (worker.connected && worker.exitCode === null && !worker.killed) continue
    worker = start(swarm)
  }
  worker.kill('SIGKILL')
}

function start({ mutant, main }: Swarm): ChildProcess {
  const path = fileURLToPath(main ?? new URL('worker-main.ts', import.meta.url))
  const execArgv = ['--conditions=source', '--no-warnings']
  return fork(path, mutant === undefined ? [] : ['--mutant', mutant], { execArgv })
}

/** Never rejects: a worker that does not answer is an answer. */
function playOne(worker: ChildProcess, seed: number, patienceMs: number): Promise<Played> {
  return new Promise((resolve) => {
    const answered = (played: Played): void => {
      clearTimeout(patience)
      worker.removeAllListeners()
      resolve(played)
    }
    const patience = setTimeout(() => {
      worker.kill('SIGKILL')
      answered(lost(seed, `it hangs: it is not over after ${patienceMs / 1_000} s`))
    }, patienceMs)
    worker.on('message', (message) => answered(message as Played))
    worker.on('error', (error) => answered(lost(seed, `its worker has failed: ${error.message}`)))
    worker.on('exit', (code, signal) => {
      answered(lost(seed, `its worker has ended with ${code ?? signal}`))
    })
    worker.send({ seed } satisfies Asked)
  })
}

function lost(seed: number, why: string): Played {
  return { seed, simulatedMs: 0, violations: [why], stories: [], faults: [] }
}
