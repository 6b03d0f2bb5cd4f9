/* C = A × B for n × n doubles, `rounds` times, A = C / n after each. argv: n rounds. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 256, rounds = argc > 2 ? atoi(argv[2]) : 1;
    if (n < 1 || n > 4096 || rounds < 1) {
        fprintf(stderr, "matmul: n must lie between 1 and 4096, rounds above 0\n");
        return 2;
    }
    size_t size = (size_t)n * (size_t)n;
    double *a = malloc(size * 8), *b = malloc(size * 8), *c = malloc(size * 8), sum = 0;
    if (!a || !b || !c) {
        fprintf(stderr, "matmul: not enough memory\n");
        return 1;
    }
    unsigned state = 1;
    for (size_t i = 0; i < size; i++) {
        a[i] = (double)((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0;
        b[i] = (double)((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0;
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < n; i++) {
            double *row = c + (size_t)i * (size_t)n;
            for (int j = 0; j < n; j++) row[j] = 0;
            for (int k = 0; k < n; k++) {
                double left = a[(size_t)i * (size_t)n + (size_t)k];
                const double *right = b + (size_t)k * (size_t)n;
                for (int j = 0; j < n; j++) row[j] += left * right[j];
            }
        }
        for (size_t i = 0; i < size; i++) a[i] = c[i] / n;
    }
    for (size_t i = 0; i < size; i++) sum += a[i];
    printf("%.17g\n", sum);
    return 0;
}
