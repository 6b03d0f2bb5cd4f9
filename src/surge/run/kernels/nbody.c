/* Sun and the four giant planets, symplectic Euler steps of 0.01 days. argv: steps. Constants as in the
 * n-body problem of the Computer Language Benchmarks Game. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODIES = 5 };
static const double PI = 3.141592653589793, DAYS = 365.24;
typedef struct { double at[3], speed[3], mass; } Body;

static double energy(const Body *bodies) {
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        const double *v = bodies[i].speed;
        sum += 0.5 * bodies[i].mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        for (int j = i + 1; j < BODIES; j++) {
            double square = 0;
            for (int x = 0; x < 3; x++) {
                double gap = bodies[i].at[x] - bodies[j].at[x];
                square += gap * gap;
            }
            sum -= bodies[i].mass * bodies[j].mass / sqrt(square);
        }
    }
    return sum;
}

int main(int argc, char **argv) {
    long steps = argc > 1 ? atol(argv[1]) : 1000;
    if (steps < 0) {
        fprintf(stderr, "nbody: steps can't be negative\n");
        return 2;
    }
    const double sun = 4 * PI * PI;
    Body bodies[BODIES] = {
        {{0, 0, 0}, {0, 0, 0}, sun},
        {{4.84143144246472090, -1.16032004402742839, -1.03622044471123109e-01},
         {1.66007664274403694e-03 * DAYS, 7.69901118419740425e-03 * DAYS, -6.90460016972063023e-05 * DAYS},
         9.54791938424326609e-04 * sun},
        {{8.34336671824457987, 4.12479856412430479, -4.03523417114321381e-01},
         {-2.76742510726411040e-03 * DAYS, 4.99852801234917238e-03 * DAYS, 2.30417297573763929e-05 * DAYS},
         2.85885980666130812e-04 * sun},
        {{1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01},
         {2.96460137564761618e-03 * DAYS, 2.37847173959480950e-03 * DAYS, -2.96589568540237556e-05 * DAYS},
         4.36624404335156298e-05 * sun},
        {{1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01},
         {2.68067772490389322e-03 * DAYS, 1.62824170038242295e-03 * DAYS, -9.51592254519715870e-05 * DAYS},
         5.15138902046611451e-05 * sun},
    };
    for (int i = 1; i < BODIES; i++)
        for (int x = 0; x < 3; x++) bodies[0].speed[x] -= bodies[i].speed[x] * bodies[i].mass / sun;
    printf("%.9f\n", energy(bodies));
    for (long step = 0; step < steps; step++) {
        for (int i = 0; i < BODIES; i++)
            for (int j = i + 1; j < BODIES; j++) {
                double gap[3], square = 0;
                for (int x = 0; x < 3; x++) {
                    gap[x] = bodies[i].at[x] - bodies[j].at[x];
                    square += gap[x] * gap[x];
                }
                double pull = 0.01 / (square * sqrt(square));
                for (int x = 0; x < 3; x++) {
                    bodies[i].speed[x] -= gap[x] * bodies[j].mass * pull;
                    bodies[j].speed[x] += gap[x] * bodies[i].mass * pull;
                }
            }
        for (int i = 0; i < BODIES; i++)
            for (int x = 0; x < 3; x++) bodies[i].at[x] += 0.01 * bodies[i].speed[x];
    }
    printf("%.9f\n", energy(bodies));
    return 0;
}
