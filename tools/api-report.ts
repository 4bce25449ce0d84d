import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { compile, linkBeside, type PackedLibrary, typedEntries } from './packed-library.ts'

/** What only the orchestrator imports: goldens and contract suites hold it, not this report. */
const sharedWithTheService = ['./protocol', './table']

const quiet = { logLevel: ExtractorLogLevel.None, addToApiReportFile: false }

/** The public surface as users' compilers see it: one section per entry point. */
export async function apiReport(library: PackedLibrary): Promise<string> {
  await linkBeside(library, ['@types/node'])
  // api-extractor takes what lies in `node_modules` for someone else's: it reads a copy beside it.
  const folder = join(library.project, 'api')
  await cp(library.installed, folder, { recursive: true })
  const sections = ['# The public surface of `@fermata/lambda-runtime`', howItIsKept]
  for (const [name, types] of typedEntries(library.manifest)) {
    if (sharedWithTheService.includes(name)) continue
    const entry = join(library.manifest.name, name)
    const reportFolder = join(folder, 'report')
    sections.push(`## \`${entry}\``, await extract(folder, { types, reportFolder }))
  }
  return `${sections.join('\n\n')}\n`
}

const howItIsKept =
  'Written by `npm run api -- --update` and checked by `npm run verify`: a change here is a change for users.'

/** The same of the constructs, as they are built in place. */
export async function constructsReport(): Promise<string> {
  const root = fileURLToPath(new URL('../', import.meta.url))
  const reportFolder = await mkdtemp(join(tmpdir(), 'api-report-'))
  try {
    await compile(root, ['-b', 'cdk'])
    const types = 'dist/index.d.ts'
    const section = await extract(join(root, 'cdk'), { types, reportFolder })
    return `${['# The public surface of `@fermata/cdk`', howItIsKept, section].join('\n\n')}\n`
  } finally {
    await rm(reportFolder, { recursive: true, force: true })
  }
}

type Extraction = { readonly types: string; readonly reportFolder: string }

async function extract(folder: string, { types, reportFolder }: Extraction): Promise<string> {
  await mkdir(reportFolder, { recursive: true })
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: { overrideTsconfig: { compilerOptions, include: ['dist'] } },
      apiReport: {
        enabled: true,
        reportFileName: 'report.api.md',
        reportFolder,
        reportTempFolder: join(reportFolder, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
          'ae-missing-release-tag': quiet,
          'ae-undocumented': quiet,
        },
        tsdocMessageReporting: { default: quiet },
      },
    },
  })
  const { errorCount } = Extractor.invoke(config, { localBuild: true, messageCallback })
  if (errorCount > 0) throw new Error(`${types}: api-extractor found ${errorCount} errors`)
  const report = await readFile(join(reportFolder, 'report.api.md'), 'utf8')
  return report.slice(report.indexOf('```ts')).trimEnd()
}

const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2023'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  types: ['node'],
  skipLibCheck: true,
}

/** Errors are worth a line; "the report was updated" and its like are not. */
function messageCallback(message: { logLevel: string; text: string; handled: boolean }): void {
  message.handled = true
  if (message.logLevel === ExtractorLogLevel.Error) console.error(message.text)
}

/** Brings the checked-in report up to date, or says whether it is. */
export async function holdReport(path: string, found: string, update: boolean): Promise<boolean> {
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (kept === found) return true
  if (update) {
    await writeFile(path, found)
    return true
  }
  const keptLines = new Set(kept.split('\n'))
  const foundLines = new Set(found.split('\n'))
  for (const line of keptLines) if (!foundLines.has(line)) console.error(`- ${line}`)
  for (const line of foundLines) if (!keptLines.has(line)) console.error(`+ ${line}`)
  console.error('the public surface changed: if that is meant, run `npm run api -- --update`')
  return false
}
