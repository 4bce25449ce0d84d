import type { DeploymentAdmin, DeploymentView } from '../../ports/index.ts'
import type { Deployment } from './deployment-document.ts'
import { readDeployment } from './deployment-registry.ts'
import { type RemovalDeps, removeDeployment } from './deployment-removal.ts'

export type DeploymentAdminDeps = RemovalDeps & {
  /** What is served may have changed. */
  readonly registered: () => Promise<void>
}

/** What operators do with deployments. */
export function createDeploymentAdmin(deps: DeploymentAdminDeps): DeploymentAdmin {
  const { directory, registered } = deps
  return {
    async register(address, options) {
      const deployment = await directory.register(address, options)
      await registered()
      return deploymentView(deployment)
    },
    async deployments() {
      await directory.refresh()
      return directory.all().map(deploymentView)
    },
    deployment: async (id) => deploymentView((await readDeployment(deps, id)).deployment),
    removeDeployment: (id, options) => removeDeployment(deps, id, options),
  }
}

function deploymentView({ id, address, createdAt, manifest }: Deployment): DeploymentView {
  const services = manifest.services.map(({ name }) => name)
  return { id, address, createdAt, services, sdk: manifest.sdk }
}
