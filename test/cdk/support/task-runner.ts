import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { processEnvironment } from '../../support/real-parts/environment.ts'
import { GuardedProcess } from '../../support/real-parts/guarded-process.ts'
import { awsEnvironment } from './aws.ts'
import type { DeployedTask } from './deployed-task.ts'
import { readOnlyFileSystem } from './read-only.ts'

export type RunningTask = {
  /** @throws Error with the end of its log when it does not run any more */
  assertRunning(): void
  /** Runs the container's check. */
  isHealthy(): Promise<boolean>
  /** As ECS does: SIGTERM, and SIGKILL when the stop timeout has passed. Answers its exit code. */
  stop(): Promise<number | null>
  /** Without a word. */
  kill(): Promise<void>
}

/**
 * What ECS does where there is a container engine: starts the command of a task, in the file tree of the image, with the
 * environment of its definition and that of a role.
 */
export function runTask(
  endpoint: string,
  task: DeployedTask,
  tree: { readonly workingDirectory: string },
): RunningTask {
  const [command = '', ...args] = task.command
  const environment = {
    PATH: processEnvironment.PATH,
    ...awsEnvironment(endpoint),
    ...task.environment,
    ...(task.readonlyRootFilesystem ? { NODE_OPTIONS: readOnlyFileSystem } : {}),
  }
  const program = new GuardedProcess({
    command,
    args,
    environment,
    workingDirectory: tree.workingDirectory,
  })
  return {
    assertRunning() {
      if (!program.isRunning) throw new Error(`The orchestrator has ended:\n${program.output}`)
    },
    async isHealthy() {
      const [check = '', ...rest] = task.healthCommand
      const [code] = await once(spawn(check, rest, { env: environment, stdio: 'ignore' }), 'exit')
      return code === 0
    },
    async stop() {
      await program.end({ graceMs: task.stopTimeoutMs })
      return program.exitCode
    },
    kill: () => program.end(),
  }
}
