import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { findJava } from './java.ts'
import { fetchJars } from './maven-jars.ts'

/** What the model checker came to. */
export type Verdict =
  | { readonly kind: 'holds'; readonly states: number }
  /** `what`: the invariant, or "Temporal properties". */
  | { readonly kind: 'violated'; readonly what: string }
  /** The model itself is wrong, or the checker did not run. */
  | { readonly kind: 'broken'; readonly output: string }

const clean = 'Model checking completed. No error has been found.'

/** Checks a module of TLA+ with the configuration `config` (its text), all reachable states of it. */
export async function checkModel(modulePath: string, config: string): Promise<Verdict> {
  const java = findJava('tla-tools')
  const jars = await fetchJars('tla-tools')
  const scratch = await mkdtemp(join(tmpdir(), 'fermata-model-'))
  try {
    const configPath = join(scratch, 'model.cfg')
    await writeFile(configPath, config)
    const options = ['-XX:+UseSerialGC', '-Xmx1g', '-cp', join(jars, '*'), 'tlc2.TLC']
    const states = join(scratch, 'states')
    // A module that is named by its whole path would make TLC look for its configuration beside it.
    const run = [
      '-lncheck',
      'final',
      '-metadir',
      states,
      '-config',
      configPath,
      basename(modulePath),
    ]
    return verdictOf(await outputOf(java, [...options, ...run], dirname(modulePath)))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** TLC exits with another code for each verdict: what it prints says more. */
function outputOf(java: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(java, args, { cwd, maxBuffer: 64_000_000 }, (_, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    )
  })
}

function verdictOf(output: string): Verdict {
  const [, violated] =
    /^Error: (?:Invariant |Action property )?(.+?) (?:is|were) violated\.$/m.exec(output) ?? []
  if (violated !== undefined) return { kind: 'violated', what: violated }
  const [, states] = /(\d+) distinct states found, 0 states left on queue/.exec(output) ?? []
  if (!output.includes(clean) || states === undefined) return { kind: 'broken', output }
  return { kind: 'holds', states: Number(states) }
}
