import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { Definition } from '../functions/workflows/states.ts'
import { acknowledgeWildcards } from './acknowledge.ts'
import { childrenArn, deliveredLogs, executionsArn } from './names.ts'

interface BackupWorkflowProps {
  readonly name: string
  /** The definition refers to published versions of functions, so that a deployment does not change running jobs. */
  readonly definition: Definition
  /** The functions of all stages. */
  readonly functions: readonly IFunction[]
  readonly logDays: RetentionDays
}

/** The state machine that runs a workflow of `functions/workflows/`, with its role and its logs. */
export class BackupWorkflow extends Construct {
  readonly stateMachine: StateMachine

  constructor(scope: Construct, id: string, { name, definition, functions, logDays }: BackupWorkflowProps) {
    super(scope, id)
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') })
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: name,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
      role,
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Logs', {
          logGroupName: deliveredLogs('states', name),
          retention: logDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        // The input of a pass contains a cursor, and cursors contain resource ids. Logs must not contain resource ids.
        includeExecutionData: false,
      },
    })
    this.#allowInvocations(role, functions)
    this.#allowChildren(role, name)
  }

  #allowInvocations(role: Role, functions: readonly IFunction[]): void {
    const everyVersion = functions.map(({ functionArn }) => `${functionArn}:*`)
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: everyVersion }))
    const policy = role.node.findChild('DefaultPolicy')
    acknowledgeWildcards(policy, everyVersion, 'A job that started before a deployment calls the earlier versions.')
    acknowledgeWildcards(policy, ['*'], 'The actions of X-Ray and of log delivery support no resource ARNs.')
  }

  /**
   * A distributed map runs its children as executions of the same state machine. The role needs permissions for them,
   * which contain the ARN of the state machine. They are in a separate policy, because the state machine depends on the
   * default policy of the role.
   */
  #allowChildren(role: Role, name: string): void {
    const executions = [executionsArn(name), childrenArn(name)]
    const policy = new ManagedPolicy(this, 'ChildrenPolicy', {
      description: `Lets the workflow ${name} run the children of its distributed maps`,
      roles: [role],
      statements: [
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachine.stateMachineArn] }),
        new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: executions }),
      ],
    })
    acknowledgeWildcards(policy, executions, 'Step Functions chooses the names of child executions.')
  }
}
