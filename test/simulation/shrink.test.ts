import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** Runs what `npm run sim` runs. */
function sim(args: readonly string[]): {
  readonly status: number | null
  readonly lines: string[]
} {
  const node = ['--conditions=source', '--no-warnings', main, ...args]
  const { status, stdout } = spawnSync(process.execPath, node, { cwd: root, encoding: 'utf8' })
  return { status, lines: stdout.split('\n') }
}

/** What is wrong: the lines between the faults and the command. */
function wrong(lines: readonly string[]): readonly string[] {
  const from = lines.findLastIndex((line) => /^seed \d+, /.test(line))
  return lines.slice(from).filter((line) => /^\S/.test(line) && !/^(seed|Again:) ?/.test(line))
}

describe('a failing seed', () => {
  it('is shrunk to a few faults, and the command that is printed plays just that again', () => {
    const mutant = 'lose a watch entry'
    const { status, lines } = sim([
      ...['--mutant', mutant, '--seeds', '300', '--failures', '1', '--lines', '30'],
    ])
    const command = lines.find((line) => line.startsWith('Again: '))
    const again = command
      ?.replace('Again: npm run sim -- ', '')
      .replace(` --mutant '${mutant}'`, '')
    expect([status, again]).toEqual([1, expect.stringMatching(/^--seed \d+ /)])

    const options = again?.split(' ') ?? []
    const seed = options[1] ?? ''
    const whole = sim(['--seed', seed, '--mutant', mutant])
    const part = sim([...options, '--mutant', mutant])
    const faultsOf = (all: readonly string[]): number =>
      Number(/, (\d+) faults/.exec(all.findLast((line) => line.startsWith('seed ')) ?? '')?.[1])

    expect(part.status).toBe(1)
    expect(wrong(part.lines)).toEqual(wrong(lines))
    expect(wrong(part.lines)).not.toEqual([])
    expect(faultsOf(part.lines)).toBeLessThanOrEqual(5)
    expect(faultsOf(part.lines)).toBeLessThan(faultsOf(whole.lines))
    expect(part.lines.length).toBeLessThan(whole.lines.length)
    // Without the bug nothing is wrong with it.
    expect(sim(options).status).toBe(0)
  }, 580_000)
})
