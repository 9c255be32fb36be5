import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogLevel, NodejsFunction, OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct, IConstruct } from 'constructs'
import { fileURLToPath } from 'node:url'
import { acknowledgeWildcards } from './acknowledge.ts'
import type { FunctionSpec } from './function-catalogue.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Bundles of ESM have no `require`, which some of the SDK's parts call. */
const BANNER = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

export interface BackupFunctionProps {
  readonly spec: FunctionSpec
  readonly deployment: string
  readonly environment: Readonly<Record<string, string>>
  readonly logDays: RetentionDays
}

/** One file of `functions/` as a Lambda function, with a role, a log group and a bundle of its own. */
export class BackupFunction extends NodejsFunction {
  readonly #policy: IConstruct

  constructor(scope: Construct, id: string, { spec, deployment, environment, logDays }: BackupFunctionProps) {
    const functionName = `${deployment}-${spec.name}`
    const logGroup = new LogGroup(scope, `${id}Logs`, { retention: logDays, removalPolicy: RemovalPolicy.DESTROY })
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Of the function ${functionName}`,
    })
    logGroup.grantWrite(role)
    super(scope, id, {
      functionName,
      description: `SpecStar Backup: ${spec.kind} ${spec.name}`,
      entry: `${ROOT}functions/${spec.file}`,
      projectRoot: ROOT,
      depsLockFilePath: `${ROOT}package-lock.json`,
      handler: 'handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: spec.size.memory,
      timeout: Duration.seconds(spec.size.timeout),
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps', MALLOC_MMAP_THRESHOLD_: '131072' },
      tracing: Tracing.ACTIVE,
      role,
      logGroup,
      // Versions of a deployment under whose feet jobs run must stay, or these die with the next deployment.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        banner: BANNER,
        minify: true,
        sourceMap: true,
        sourceMapMode: SourceMapMode.EXTERNAL,
        sourcesContent: false,
        externalModules: [],
        logLevel: LogLevel.WARNING,
      },
    })
    this.#policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(
      this.#policy,
      ['*'],
      'X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords.',
    )
  }

  /** Allows actions on resources. `why`: what a `*` in them stands for. */
  allow(actions: readonly string[], resources: readonly string[], why = ''): void {
    this.addToRolePolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
    )
    acknowledgeWildcards(this.#policy, resources, why)
  }
}
