import { Annotations, Duration } from 'aws-cdk-lib'
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import { type IPeer, type IVpc, Port } from 'aws-cdk-lib/aws-ec2'
import type { FargateService } from 'aws-cdk-lib/aws-ecs'
import {
  ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  type IApplicationLoadBalancer,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

/** A load balancer for the ingress. */
export interface IngressProps {
  /** An existing one, in the same VPC; a listener is added to it. @default one of its own */
  readonly loadBalancer?: IApplicationLoadBalancer
  /** Whether a load balancer of its own has public addresses. @default false */
  readonly internetFacing?: boolean
  /** For HTTPS. @default none: plain HTTP */
  readonly certificate?: ICertificate
  /** Of the listener. @default 443 with a certificate, else 80 */
  readonly port?: number
  /** Who may call. @default nobody; allow callers in by `orchestrator.loadBalancer.connections` */
  readonly allowFrom?: readonly IPeer[]
  /** Where the load balancer writes whom it served. @default nowhere */
  readonly accessLogs?: IBucket
}

/** Callers wait for outputs; a handler that suspends for longer is asked for again. */
const idleTimeout = Duration.minutes(10)

/** The way from a load balancer to the tasks' ingress. */
export class Ingress extends Construct {
  readonly loadBalancer: IApplicationLoadBalancer
  readonly listener: ApplicationListener

  constructor(
    scope: Construct,
    id: string,
    props: IngressProps & {
      readonly vpc: IVpc
      readonly service: FargateService
      readonly containerPort: number
      readonly adminPort: number
    },
  ) {
    super(scope, id)
    const { certificate, allowFrom = [], service, containerPort, adminPort } = props
    const port = props.port ?? (certificate === undefined ? 80 : 443)
    this.loadBalancer = props.loadBalancer ?? this.#ownLoadBalancer(props)
    // Of this construct: a load balancer that is there may have listeners of others, and live in another stack.
    const listener = new ApplicationListener(this, 'Listener', {
      loadBalancer: this.loadBalancer,
      port,
      open: false,
      protocol: certificate === undefined ? ApplicationProtocol.HTTP : ApplicationProtocol.HTTPS,
      ...(certificate === undefined
        ? {}
        : { certificates: [certificate], sslPolicy: SslPolicy.RECOMMENDED_TLS }),
    })
    this.listener = listener
    for (const peer of allowFrom) this.loadBalancer.connections.allowFrom(peer, Port.tcp(port))
    listener.addTargets('Tasks', {
      port: containerPort,
      protocol: ApplicationProtocol.HTTP,
      targets: [service.loadBalancerTarget({ containerName: 'orchestrator', containerPort })],
      healthCheck: { path: '/ready', port: String(adminPort), interval: Duration.seconds(10) },
      deregistrationDelay: Duration.seconds(30),
    })
    service.connections.allowFrom(this.loadBalancer, Port.tcp(adminPort), 'Health checks')
    this.#warn(props)
  }

  #ownLoadBalancer({ vpc, internetFacing = false, accessLogs }: IngressProps & { vpc: IVpc }) {
    const loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      idleTimeout,
      dropInvalidHeaderFields: true,
    })
    if (accessLogs !== undefined) loadBalancer.logAccessLogs(accessLogs)
    return loadBalancer
  }

  #warn({ internetFacing = false, certificate }: IngressProps): void {
    if (!internetFacing) return
    Annotations.of(this).addWarningV2(
      '@fermata/cdk:publicIngress',
      'The ingress knows no users: whoever reaches it may call any public handler. Put authentication in front of it',
    )
    if (certificate === undefined) {
      Annotations.of(this).addWarningV2(
        '@fermata/cdk:plainIngress',
        'Calls from the internet are not encrypted: give the ingress a certificate',
      )
    }
  }
}
