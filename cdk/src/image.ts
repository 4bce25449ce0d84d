import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { assembleImage } from './assemble-image.ts'

/** The orchestrator's image, built from this package where the stack is deployed: that takes a container engine. */
export function orchestratorImage(platform: Platform): ContainerImage {
  return ContainerImage.fromAsset(buildContext(), { platform })
}

let context: string | undefined

/** One for all of an app; the CDK takes a copy. */
function buildContext(): string {
  if (context !== undefined && existsSync(context)) return context
  const directory = mkdtempSync(join(tmpdir(), 'fermata-image-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  assembleImage(directory)
  context = directory
  return directory
}
