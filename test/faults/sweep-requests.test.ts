import { describeRecoveries } from './sweep-scenarios.ts'

describeRecoveries('requests')
