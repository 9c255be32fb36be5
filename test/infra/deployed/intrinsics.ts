import type { Resource, Template } from './template.ts'

/** The pseudo parameters of an imaginary account. */
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NoValue': '',
}

/** Resolves the intrinsic functions of a template like CloudFormation does. */
export class Intrinsics {
  readonly #template: Template

  constructor(template: Template) {
    this.#template = template
  }

  /** Returns a value with all references resolved. */
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

  /** Resolves a value that must result in a text. */
  text(value: unknown): string {
    const resolved = this.resolve(value)
    if (typeof resolved !== 'string') throw new Error(`${JSON.stringify(value)} does not resolve to a text`)
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
    if (resource === undefined) throw new Error(`the template has no resource ${id}`)
    return resource
  }

  /** The value of `Ref`: the name of most resources, and the ARN of some. */
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
