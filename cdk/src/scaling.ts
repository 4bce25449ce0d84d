import { Duration } from 'aws-cdk-lib'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { FargateService, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs'
import type { ScalingProps } from './orchestrator-props.ts'

const minutes = { in: Duration.minutes(5), out: Duration.minutes(1) }

/** More tasks when they are busy or fall behind; fewer, slowly, when neither. */
export function addScaling(
  service: FargateService,
  { minTasks = 2, maxTasks = 10, targetCpu = 60, targetLag = Duration.seconds(30) }: ScalingProps,
  lag: Metric,
): ScalableTaskCount {
  const scaling = service.autoScaleTaskCount({
    minCapacity: minTasks,
    maxCapacity: Math.max(minTasks, maxTasks),
  })
  const cooldowns = { scaleInCooldown: minutes.in, scaleOutCooldown: minutes.out }
  scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: targetCpu, ...cooldowns })
  scaling.scaleToTrackCustomMetric('Lag', {
    metric: lag,
    targetValue: targetLag.toSeconds(),
    ...cooldowns,
  })
  return scaling
}
