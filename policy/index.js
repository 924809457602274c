// Pulumi loads a policy pack as JavaScript; from here on Node strips the types.
import "./pack.ts";
