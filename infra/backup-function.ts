import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Function, type IDestination, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct, IConstruct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { bundledCode } from './bundles.ts'
import type { DeployedFunction } from './functions.ts'

/** The maximum that Lambda allows: two retries within minutes, and six hours of waiting for a throttled function. */
const EVENT_RETRIES = { retryAttempts: 2, maxEventAge: Duration.hours(6) }

export interface BackupFunctionProps {
  readonly spec: DeployedFunction
  readonly deployment: string
  readonly environment: Readonly<Record<string, string>>
  readonly logDays: RetentionDays
  /** Receives the events that the function still fails on after all retries. */
  readonly deadLetters: IQueue
}

/** A Lambda function of `functions/` with its own role, log group and bundle. */
export class BackupFunction extends Function {
  readonly #policy: IConstruct

  constructor(scope: Construct, id: string, props: BackupFunctionProps) {
    const { spec, deployment, environment, logDays, deadLetters } = props
    const functionName = `${deployment}-${spec.name}`
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Role of the function ${functionName}`,
    })
    logGroup.grantWrite(role)
    super(scope, id, {
      functionName,
      description: `SpecStar Backup: ${spec.kind} ${spec.name}`,
      code: bundledCode(spec.file),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: spec.size.memory,
      timeout: Duration.seconds(spec.size.timeout),
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps', MALLOC_MMAP_THRESHOLD_: '131072' },
      tracing: Tracing.ACTIVE,
      role,
      logGroup,
      // EventBridge calls functions asynchronously, so Lambda does the retries and keeps the events that fail.
      ...(spec.kind === 'event' ? { ...EVENT_RETRIES, onFailure: destination(deadLetters) } : {}),
      // Running jobs call the versions with which they started: a later deployment must not delete them.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    })
    this.#policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(
      this.#policy,
      ['*'],
      'The X-Ray actions PutTraceSegments and PutTelemetryRecords support no resource ARNs.',
    )
  }

  /** Allows actions on resources. `reason` explains each `*` in them. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    reason = '',
    conditions: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }))
    acknowledgeWildcards(this.#policy, resources, reason)
  }
}

/** A queue as the destination of failed events. It allows one action, unlike CDK's own, which allows three. */
const destination = (queue: IQueue): IDestination => ({
  bind: (_, fn) => {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }))
    return { destination: queue.queueArn }
  },
})
