import type { Resource, Template } from './template.ts'

/** What stands for the account in which the templates are thought to be deployed. */
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NoValue': '',
}

/** Resolves what a template leaves to CloudFormation. */
export class Intrinsics {
  readonly #template: Template

  constructor(template: Template) {
    this.#template = template
  }

  /** A value with every reference resolved. */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one: unknown) => this.resolve(one))
    if (typeof value !== 'object' || value === null) return value
    const [[name, argument] = ['', undefined], ...more] = Object.entries(value)
    if (more.length === 0) {
      const resolved = this.#intrinsic(name, argument)
      if (resolved !== undefined) return resolved
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]: [string, unknown]) => [key, this.resolve(one)]))
  }

  /** The same of what is a text then. */
  text(value: unknown): string {
    const resolved = this.resolve(value)
    if (typeof resolved !== 'string') throw new Error(`${JSON.stringify(value)} is no text`)
    return resolved
  }

  #intrinsic(name: string, argument: unknown): string | undefined {
    switch (name) {
      case 'Ref':
        return PSEUDO[String(argument)] ?? this.#reference(String(argument))
      case 'Fn::GetAtt': {
        const [id, attribute] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.')
        return this.#attribute(id ?? '', attribute ?? '')
      }
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown[]]
        return parts.map((part) => this.text(part)).join(separator)
      }
      default:
        return undefined
    }
  }

  #resource(id: string): Resource {
    const resource = this.#template.Resources[id]
    if (resource === undefined) throw new Error(`there is no resource ${id}`)
    return resource
  }

  /** What `Ref` gives: of most resources a name, of some an ARN. */
  #reference(id: string): string {
    const { Type, Properties } = this.#resource(id)
    switch (Type) {
      case 'AWS::Lambda::Function':
        return String(Properties['FunctionName'])
      case 'AWS::Lambda::Version':
        return `${this.text({ 'Fn::GetAtt': [functionOf(Properties), 'Arn'] })}:1`
      case 'AWS::StepFunctions::StateMachine':
        return `arn:aws:states:us-east-1:000000000000:stateMachine:${String(Properties['StateMachineName'])}`
      default:
        return id
    }
  }

  #attribute(id: string, attribute: string): string {
    if (attribute !== 'Arn' && attribute !== 'ApiEndpoint') return `${id}.${attribute}`
    const { Type, Properties } = this.#resource(id)
    switch (Type) {
      case 'AWS::Lambda::Function':
        return `arn:aws:lambda:us-east-1:000000000000:function:${String(Properties['FunctionName'])}`
      case 'AWS::IAM::Role':
        return `arn:aws:iam::000000000000:role/${id}`
      case 'AWS::StepFunctions::StateMachine':
        return this.#reference(id)
      default:
        return `arn:aws:${Type}:${id}`
    }
  }
}

const functionOf = (properties: Resource['Properties']): string => {
  const { Ref } = properties['FunctionName'] as { readonly Ref: string }
  return Ref
}
