import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Version } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { Definition } from '../functions/workflows/states.ts'
import { acknowledgeWildcards } from './acknowledge.ts'
import { childrenArn, executionsArn } from './names.ts'

export interface BackupWorkflowProps {
  readonly name: string
  /** Makes the definition out of the ARNs of its functions' versions. */
  readonly definition: (arn: (stage: string) => string) => Definition
  /** The published version of each stage: a job goes on with those that it began with. */
  readonly versions: Readonly<Record<string, Version>>
  readonly logDays: RetentionDays
}

/** A workflow of `functions/` as a state machine that calls published versions. */
export class BackupWorkflow extends Construct {
  readonly stateMachine: StateMachine

  constructor(scope: Construct, id: string, { name, definition, versions, logDays }: BackupWorkflowProps) {
    super(scope, id)
    const stack = Stack.of(this)
    const arnOf = (stage: string): string => {
      const version = versions[stage]
      if (version === undefined) throw new Error(`workflow ${name} has no function ${stage}`)
      return version.functionArn
    }
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') })
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: name,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(stack.toJsonString(definition(arnOf))),
      role,
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Logs', { retention: logDays, removalPolicy: RemovalPolicy.DESTROY }),
        level: LogLevel.ALL,
        // Cursors hold ids of resources, which are nobody's but the store's.
        includeExecutionData: false,
      },
    })
    const everyVersion = Object.values(versions).map(({ lambda }) => `${lambda.functionArn}:*`)
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: everyVersion }))
    const policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(
      policy,
      everyVersion,
      'A job that began before the last deployment goes on with its own versions.',
    )
    acknowledgeWildcards(policy, ['*'], 'Of X-Ray and of the delivery of logs AWS has no resources to name.')
    // Apart from the role's own policy, on which the state machine depends: a distributed map runs its children as executions of it.
    const executions = [executionsArn(name), childrenArn(name)]
    const childrenPolicy = new ManagedPolicy(this, 'ChildrenPolicy', {
      description: `Lets the workflow ${name} run the children of its distributed maps`,
      roles: [role],
      statements: [
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachine.stateMachineArn] }),
        new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: executions }),
      ],
    })
    acknowledgeWildcards(childrenPolicy, executions, 'Step Functions names the executions of children itself.')
  }
}
