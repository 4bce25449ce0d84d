export { FermataFunction, type FermataFunctionProps } from './fermata-function.ts'
export type { BlobsLocation } from './function-policy.ts'
export type { OrchestratorAttributes } from './imported-orchestrator.ts'
export type { IngressProps } from './ingress.ts'
export { type BrokersOptions, KafkaCluster, type SaslOptions } from './kafka/kafka-cluster.ts'
export { MskAuth, type MskClusterReference } from './kafka/msk.ts'
export { type MetricName, metricNamespace } from './metrics.ts'
export { Monitoring, type MonitoringProps } from './monitoring.ts'
export { Orchestrator } from './orchestrator.ts'
export type { OrchestratorBase } from './orchestrator-base.ts'
export type { AdminProps, OrchestratorProps, ScalingProps } from './orchestrator-props.ts'
export type {
  RegisterOptions,
  Registration,
  SinkOf,
  SubscribeProps,
  Subscription,
} from './registration.ts'
