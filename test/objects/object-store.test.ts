import { useServices } from '../services.ts'
import { objectStoreContract } from './object-store.contract.ts'

objectStoreContract(useServices)
