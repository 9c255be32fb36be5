import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  CfnFunction,
  type Code,
  Function,
  type IDestination,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct, IConstruct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { type DeployedFunction, nodeSettings } from './functions.ts'

/** Lambda's maximum values: two retries, within minutes. Events of a throttled function wait for at most six hours. */
const EVENT_RETRIES = { retryAttempts: 2, maxEventAge: Duration.hours(6) }

interface BackupFunctionProps {
  readonly spec: DeployedFunction
  readonly code: Code
  readonly deployment: string
  readonly environment: Readonly<Record<string, string>>
  readonly logDays: RetentionDays
  /** By default, the function shares the concurrency of the account with all other functions. */
  readonly reservedConcurrency?: number
  /** Receives the events for which the function has failed in all attempts. */
  readonly deadLetters: IQueue
}

/** A Lambda function of `functions/` with a role, a log group and a bundle that no other function uses. */
export class BackupFunction extends Function {
  readonly #policy: IConstruct

  constructor(scope: Construct, id: string, props: BackupFunctionProps) {
    const { spec, code, deployment, environment, logDays, reservedConcurrency, deadLetters } = props
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
      code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: spec.size.memory,
      timeout: Duration.seconds(spec.size.timeout),
      environment: { ...environment, ...nodeSettings(spec.size.memory) },
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
      role,
      logGroup,
      // EventBridge calls functions asynchronously, so Lambda itself retries and sends failed events to the queue.
      ...(spec.kind === 'event' ? { ...EVENT_RETRIES, onFailure: destination(deadLetters) } : {}),
      // A job calls the same version of a function from its start to its end. A deployment must not delete old
      // versions, because running jobs still call them.
      // If the update that creates a version fails, CloudFormation deletes this version. Otherwise, the same code could
      // not be deployed again, because Lambda publishes no second version of the same code.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
    })
    this.#traceCalls(tracingOf(spec))
    this.#policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(
      this.#policy,
      ['*'],
      'The X-Ray actions PutTraceSegments and PutTelemetryRecords support no resource ARNs.',
    )
  }

  /** Does the same as the property `tracing`, which would create a second policy with the feature flag of `allow`. */
  #traceCalls(mode: Tracing): void {
    const resource = this.node.defaultChild
    if (!(resource instanceof CfnFunction)) throw new TypeError('the function has no CfnFunction')
    resource.tracingConfig = { mode }
    const actions = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords']
    this.role?.addToPrincipalPolicy(new PolicyStatement({ actions, resources: ['*'] }))
  }

  /** Allows the function to perform actions on resources. `reason` explains why a resource contains a `*`. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    reason = '',
    conditions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> = {},
  ): void {
    // `addToRolePolicy` of the function would create a policy for each statement if the app has the feature flag
    // `createNewPoliciesWithAddToRolePolicy`. A stack can have 500 resources.
    const statement = new PolicyStatement({ actions: [...actions], resources: [...resources], conditions })
    this.role?.addToPrincipalPolicy(statement)
    acknowledgeWildcards(this.#policy, resources, reason)
  }
}

/**
 * Returns how Lambda traces a function. For routes and events, Lambda decides itself whether it records a trace. Step
 * Functions decides this for a whole execution, so stages follow its decision.
 */
const tracingOf = ({ kind }: DeployedFunction): Tracing =>
  kind === 'route' || kind === 'event' ? Tracing.ACTIVE : Tracing.PASS_THROUGH

/** Returns the destination for failed events. It needs one permission. CDK's `SqsDestination` would add two more. */
const destination = (queue: IQueue): IDestination => ({
  bind: (_, fn) => {
    const statement = new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] })
    fn.role?.addToPrincipalPolicy(statement)
    return { destination: queue.queueArn }
  },
})
