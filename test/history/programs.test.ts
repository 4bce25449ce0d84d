import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { encodeHistory } from './lines.ts'
import { committed, historyOf, soundHistory } from './sound-history.ts'

type Ended = { readonly code: number; readonly text: string }

function run(program: string, args: readonly string[]): Promise<Ended> {
  const main = fileURLToPath(new URL(`../${program}`, import.meta.url))
  return new Promise((resolve) => {
    const argv = ['--conditions=source', '--no-warnings', main, ...args]
    execFile(process.execPath, argv, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ code, text: stdout + stderr })
    })
  })
}

describe('a program that looks for bugs', () => {
  it.each([
    ['simulation/main.ts', ['--seed', 'abc'], '--seed is a number'],
    ['simulation/main.ts', ['--seeds', '0'], '--seeds is a number, 1 or more'],
    ['simulation/main.ts', ['--sed', '5'], "'--sed'"],
    ['simulation/main.ts', ['--seed', '1', '--mutant', 'none such'], 'no planted bug'],
    ['simulation/mutants-main.ts', ['--only', 'none such'], 'No planted bug'],
    ['soak/main.ts', ['--minutes', 'x'], '--minutes is a number'],
    ['history/check-main.ts', [], 'Name the file'],
  ])('%s %j does nothing, says why, and does not call it well', async (program, args, why) => {
    const { code, text } = await run(program, args)
    expect(text).toContain(why)
    expect(code).toBe(2)
  })

  it('fails on a history in which something was wrong only for a moment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fermata-history-'))
    try {
      const file = join(folder, 'early.jsonl')
      const rest = soundHistory.filter(({ what }) => what !== 'committed')
      const early = [committed(2), ...rest]
      await writeFile(file, encodeHistory(historyOf(early)))
      const { code, text } = await run('history/check-main.ts', [file])
      expect(text).toContain('^^^ INV-8')
      expect(code).toBe(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
