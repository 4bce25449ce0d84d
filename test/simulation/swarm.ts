import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FaultKind } from './faults.ts'

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

export type Swarm = {
  readonly from: number
  readonly seeds: number
  readonly workers: number
  readonly onPlayed: (played: Played) => void
}

/** Plays seeds in processes of their own, side by side. @throws when one of them ends before it is done */
export async function playAll({ from, seeds, workers, onPlayed }: Swarm): Promise<void> {
  const main = fileURLToPath(new URL('worker-main.ts', import.meta.url))
  const count = Math.min(workers, seeds)
  const all = Array.from({ length: count }, (_, n) => {
    const args = ['--from', `${from + n}`, '--to', `${from + seeds}`, '--step', `${count}`]
    const execArgv = ['--conditions=source', '--no-warnings']
    const worker = fork(main, args, { execArgv })
    worker.on('message', (message) => onPlayed(message as Played))
    return new Promise<void>((resolve, reject) => {
      worker.on('exit', (code) => {
        if (code === 0) resolve()
        else reject(new Error(`a worker ended with ${code}`))
      })
    })
  })
  await Promise.all(all)
}
