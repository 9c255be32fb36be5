import { describeRejections } from './sweep-scenarios.ts'

for (const layer of ['requests', 'stores'] as const) describeRejections(layer)
