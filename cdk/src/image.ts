import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { assembleImage } from './assemble-image.ts'

/** The orchestrator's image, built from this package where the stack is deployed: that takes a container engine. */
export function orchestratorImage(platform: Platform): ContainerImage {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-image-'))
  assembleImage(directory)
  return ContainerImage.fromAsset(directory, { platform })
}
