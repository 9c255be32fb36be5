import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Function, type IDestination, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct, IConstruct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { codeOf } from './bundles.ts'
import type { FunctionSpec } from './function-catalogue.ts'

/** Lambda's own most: twice more, over minutes; a throttled function is waited for. */
const EVENT_RETRIES = { retryAttempts: 2, maxEventAge: Duration.hours(6) }

/** A queue as a destination, with the one action that it takes: the library's own allows three. */
const sendingTo = (queue: IQueue): IDestination => ({
  bind: (_, own) => {
    own.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }))
    return { destination: queue.queueArn }
  },
})

export interface BackupFunctionProps {
  readonly spec: FunctionSpec
  readonly deployment: string
  readonly environment: Readonly<Record<string, string>>
  readonly logDays: RetentionDays
  /** Where events go that the function could not handle. */
  readonly deadLetters: IQueue
}

/** One file of `functions/` as a Lambda function, with a role, a log group and a bundle of its own. */
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
      description: `Of the function ${functionName}`,
    })
    logGroup.grantWrite(role)
    super(scope, id, {
      functionName,
      description: `SpecStar Backup: ${spec.kind} ${spec.name}`,
      code: codeOf(spec.file),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: spec.size.memory,
      timeout: Duration.seconds(spec.size.timeout),
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps', MALLOC_MMAP_THRESHOLD_: '131072' },
      tracing: Tracing.ACTIVE,
      role,
      logGroup,
      // Rules and schedules only hand events over: what is tried again, and kept where it fails, is said here.
      ...(spec.kind === 'event' ? { ...EVENT_RETRIES, onFailure: sendingTo(deadLetters) } : {}),
      // Versions of a deployment under whose feet jobs run must stay, or these die with the next deployment.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    })
    this.#policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(
      this.#policy,
      ['*'],
      'X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords.',
    )
  }

  /** Allows actions on resources. `why`: what a `*` in them stands for. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    why = '',
    conditions: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }))
    acknowledgeWildcards(this.#policy, resources, why)
  }
}
